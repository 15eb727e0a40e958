//! What users of fqbuf-pool rely on, through its public names.
