//! What users of fqbuf-ring rely on, through its public names.
