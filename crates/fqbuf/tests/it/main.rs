//! What users of fqbuf rely on, through its public names.
