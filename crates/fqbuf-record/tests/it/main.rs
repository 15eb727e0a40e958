//! What users of fqbuf-record rely on, through its public names.
