//! Where the file's cursor stands is nobody's business: on Windows it is moved by reads at offsets.

use std::io::{Seek, SeekFrom};

use super::*;

#[test]
fn rest_of_a_file_whose_cursor_is_moved() -> io::Result<()> {
    let path = std::env::temp_dir().join(format!("fqbuf-parallel-rest-{}", std::process::id()));
    std::fs::write(&path, b"0123456789")?;
    let mut file = FileAt::new(File::open(&path)?, 10);
    file.at = 3;
    let mut rest = file.rest();
    let mut some = [0; 4];
    rest.read_exact(&mut some)?;
    (&*file.file).seek(SeekFrom::Start(1))?;
    let mut all = some.to_vec();
    rest.read_to_end(&mut all)?;
    assert_eq!(all, b"3456789");
    std::fs::remove_file(&path)
}
