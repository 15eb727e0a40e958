//! What users of fqbuf-arena rely on, through its public names.
