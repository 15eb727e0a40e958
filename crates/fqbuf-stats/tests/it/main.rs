//! What users of fqbuf-stats rely on, through its public names.
