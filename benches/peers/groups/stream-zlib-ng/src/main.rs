//! flate2 over zlib-ng.
#![forbid(unsafe_code)]

use std::{fs::File, io::BufReader, process::ExitCode};

use flate2::bufread::MultiGzDecoder;
use harness::{Answer, Contender, Data, Row, STEP, Stage, drain, unpacked};

fn main() -> ExitCode {
    harness::run(&[Row {
        group: "stream",
        name: "gzip",
        title: "",
        data: Data::Gzip,
        notes: &[],
        contenders: vec![Contender::peer("flate2 over zlib-ng", flate2)],
    }])
}

fn flate2(stage: &mut Stage) -> Answer {
    let path = stage.path().to_owned();
    stage.moves(unpacked(&path));
    stage.time(|| {
        let file = File::open(&path).expect("the runner made the file");
        drain(MultiGzDecoder::new(BufReader::with_capacity(STEP / 2, file)))
    })
}
