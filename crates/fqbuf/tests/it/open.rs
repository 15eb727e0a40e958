//! From a path to records, and to errors that name the path.

use std::fs;

use crate::support::Folder;

#[test]
fn a_plain_file_is_read_by_its_path() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Folder::new("open-plain");
    let path = folder.file("a.fq", b"@r1\nACGT\n+\nIIII\n");
    let mut reader = fqbuf::open(&path)?;
    assert_eq!(reader.next_record()?.map(|record| record.id().to_vec()), Some(b"r1".to_vec()));
    assert!(reader.next_record()?.is_none());
    Ok(())
}

#[test]
fn errors_name_the_path_and_compression() {
    let folder = Folder::new("open-errors");
    let path = folder.file("bad.fq", b"@r1\nACGT\n+\nIII\n");
    let Ok(mut reader) = fqbuf::open(&path) else { panic!("it opens") };
    let Err(error) = reader.next_record() else { panic!("it is bad") };
    let expected = format!("{}: record 1 (line 4, byte 11): quality has 3 characters, sequence has 4", path.display());
    assert_eq!(error.to_string(), expected);
    let Err(error) = fqbuf::open(folder.path("absent.fq")) else { panic!("there is no such file") };
    assert!(error.to_string().contains("absent.fq"), "{error}");
    let Err(error) = fqbuf::open(folder.path(".")) else { panic!("a folder is no file") };
    assert!(error.to_string().contains("directory"), "{error}");
}

#[test]
fn fault_66_an_empty_file_has_no_records_and_is_no_error() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Folder::new("open-empty");
    // The gzip member of nothing.
    let nothing = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    for (name, bytes) in [("empty.fq", &[][..]), ("empty.fq.gz", &nothing[..])] {
        let path = folder.file(name, bytes);
        assert!(fqbuf::open(&path)?.next_record()?.is_none(), "{name}");
        assert!(fs::metadata(&path)?.is_file());
    }
    Ok(())
}
