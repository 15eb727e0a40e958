//! What users of fqbuf-line rely on, through its public names.
