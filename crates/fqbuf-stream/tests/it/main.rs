//! What users of fqbuf-stream rely on, through its public names.
