//! Every way to hand a batch over and have it back, behind one small face.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use fqbuf_ring::{DoubleBuffer, DoubleBufferReader, DoubleBufferWriter, handover};
use harness::spin_until;

/// What is handed over: items of 32 bytes.
pub(crate) type Batch = Vec<[u64; 4]>;

/// Two ends for two threads.
pub(crate) trait Way {
    type Source: Source;
    type Target: Target;

    /// Ends whose batches have room for so many items.
    fn new(items: usize) -> (Self::Source, Self::Target);
}

/// The end that fills; dropped, it ends the stream.
pub(crate) trait Source: Send {
    /// Waits for an empty batch, has it filled, hands it over.
    fn give(&mut self, fill: impl FnOnce(&mut Batch));
}

/// The end that reads.
pub(crate) trait Target: Send {
    /// Waits for a filled batch and reads it; `None` at the end.
    fn take(&mut self, read: impl FnOnce(&Batch) -> u64) -> Option<u64>;
}

const THERE: &str = "the other side stays to the end";

pub(crate) struct Doubled;

impl Way for Doubled {
    type Source = DoubledSource;
    type Target = DoubleBufferReader<[u64; 4]>;

    fn new(items: usize) -> (Self::Source, Self::Target) {
        let (writer, reader) = DoubleBuffer::new(items).split();
        (DoubledSource(Some(writer)), reader)
    }
}

pub(crate) struct DoubledSource(Option<DoubleBufferWriter<[u64; 4]>>);

impl Source for DoubledSource {
    fn give(&mut self, fill: impl FnOnce(&mut Batch)) {
        let writer = self.0.as_mut().expect(THERE);
        fill(writer.get_write_buffer());
        writer.swap().expect(THERE);
    }
}

impl Drop for DoubledSource {
    fn drop(&mut self) {
        if let Some(writer) = self.0.take() {
            writer.finish().expect(THERE);
        }
    }
}

impl Target for DoubleBufferReader<[u64; 4]> {
    fn take(&mut self, read: impl FnOnce(&Batch) -> u64) -> Option<u64> {
        self.next().expect(THERE).map(|batch| read(batch))
    }
}

pub(crate) struct Channel<const BUFFERS: usize>;

impl<const BUFFERS: usize> Way for Channel<BUFFERS> {
    type Source = ChannelSource;
    type Target = handover::Reader<Batch>;

    fn new(items: usize) -> (Self::Source, Self::Target) {
        let buffers = (0..BUFFERS).map(|_| Vec::with_capacity(items));
        let (writer, reader) = handover::channel(buffers, Vec::clear);
        (ChannelSource(Some(writer)), reader)
    }
}

pub(crate) struct ChannelSource(Option<handover::Writer<Batch>>);

impl Source for ChannelSource {
    fn give(&mut self, fill: impl FnOnce(&mut Batch)) {
        let mut slot = self.0.as_mut().expect(THERE).buffer().expect(THERE);
        fill(&mut slot);
        slot.publish().expect(THERE);
    }
}

impl Drop for ChannelSource {
    fn drop(&mut self) {
        if let Some(writer) = self.0.take() {
            writer.finish();
        }
    }
}

impl Target for handover::Reader<Batch> {
    fn take(&mut self, read: impl FnOnce(&Batch) -> u64) -> Option<u64> {
        self.next().expect(THERE).map(|batch| read(&batch))
    }
}

pub(crate) struct Crossbeam;

/// One end of two channels: what it sends to, what it receives from.
pub(crate) struct CrossbeamEnd(crossbeam_channel::Sender<Batch>, crossbeam_channel::Receiver<Batch>);
pub(crate) struct CrossbeamSource(CrossbeamEnd);
pub(crate) struct CrossbeamTarget(CrossbeamEnd);

impl Way for Crossbeam {
    type Source = CrossbeamSource;
    type Target = CrossbeamTarget;

    fn new(items: usize) -> (Self::Source, Self::Target) {
        let (filled, to_read) = crossbeam_channel::bounded(2);
        let (back, empty) = crossbeam_channel::bounded(2);
        (0..2).for_each(|_| back.send(Vec::with_capacity(items)).expect(THERE));
        (CrossbeamSource(CrossbeamEnd(filled, empty)), CrossbeamTarget(CrossbeamEnd(back, to_read)))
    }
}

impl Source for CrossbeamSource {
    fn give(&mut self, fill: impl FnOnce(&mut Batch)) {
        let mut batch = self.0.1.recv().expect(THERE);
        fill(&mut batch);
        self.0.0.send(batch).expect(THERE);
    }
}

impl Target for CrossbeamTarget {
    fn take(&mut self, read: impl FnOnce(&Batch) -> u64) -> Option<u64> {
        let mut batch = self.0.1.recv().ok()?;
        let found = read(&batch);
        batch.clear();
        // The writer may have ended.
        let _ = self.0.0.send(batch);
        Some(found)
    }
}

pub(crate) struct StdSync;

pub(crate) struct StdSource(SyncSender<Batch>, Receiver<Batch>);
pub(crate) struct StdTarget(SyncSender<Batch>, Receiver<Batch>);

impl Way for StdSync {
    type Source = StdSource;
    type Target = StdTarget;

    fn new(items: usize) -> (Self::Source, Self::Target) {
        let (filled, to_read) = sync_channel(2);
        let (back, empty) = sync_channel(2);
        (0..2).for_each(|_| back.send(Vec::with_capacity(items)).expect(THERE));
        (StdSource(filled, empty), StdTarget(back, to_read))
    }
}

impl Source for StdSource {
    fn give(&mut self, fill: impl FnOnce(&mut Batch)) {
        let mut batch = self.1.recv().expect(THERE);
        fill(&mut batch);
        self.0.send(batch).expect(THERE);
    }
}

impl Target for StdTarget {
    fn take(&mut self, read: impl FnOnce(&Batch) -> u64) -> Option<u64> {
        let mut batch = self.1.recv().ok()?;
        let found = read(&batch);
        batch.clear();
        // The writer may have ended.
        let _ = self.0.send(batch);
        Some(found)
    }
}

pub(crate) struct Thingbuf;

/// Makes and clears thingbuf's batches.
pub(crate) struct Maker(usize);

impl thingbuf::Recycle<Batch> for Maker {
    fn new_element(&self) -> Batch {
        Vec::with_capacity(self.0)
    }
    fn recycle(&self, batch: &mut Batch) {
        batch.clear();
    }
}

impl Way for Thingbuf {
    type Source = thingbuf::mpsc::blocking::Sender<Batch, Maker>;
    type Target = thingbuf::mpsc::blocking::Receiver<Batch, Maker>;

    fn new(items: usize) -> (Self::Source, Self::Target) {
        thingbuf::mpsc::blocking::with_recycle(2, Maker(items))
    }
}

impl Source for thingbuf::mpsc::blocking::Sender<Batch, Maker> {
    fn give(&mut self, fill: impl FnOnce(&mut Batch)) {
        fill(&mut self.send_ref().expect(THERE));
    }
}

impl Target for thingbuf::mpsc::blocking::Receiver<Batch, Maker> {
    fn take(&mut self, read: impl FnOnce(&Batch) -> u64) -> Option<u64> {
        self.recv_ref().map(|batch| read(&batch))
    }
}

pub(crate) struct Rtrb;

pub(crate) struct RtrbSource(rtrb::Producer<Batch>, rtrb::Consumer<Batch>);
pub(crate) struct RtrbTarget(rtrb::Producer<Batch>, rtrb::Consumer<Batch>);

impl Way for Rtrb {
    type Source = RtrbSource;
    type Target = RtrbTarget;

    fn new(items: usize) -> (Self::Source, Self::Target) {
        let (filled, to_read) = rtrb::RingBuffer::new(2);
        let (mut back, empty) = rtrb::RingBuffer::new(2);
        (0..2).for_each(|_| back.push(Vec::with_capacity(items)).expect(THERE));
        (RtrbSource(filled, empty), RtrbTarget(back, to_read))
    }
}

impl Source for RtrbSource {
    fn give(&mut self, fill: impl FnOnce(&mut Batch)) {
        let mut batch = spin_until(|| self.1.pop().ok());
        fill(&mut batch);
        self.0.push(batch).expect("room for every batch there is");
    }
}

impl Target for RtrbTarget {
    fn take(&mut self, read: impl FnOnce(&Batch) -> u64) -> Option<u64> {
        // What was pushed before the writer went is there when it is seen to be gone.
        let mut batch = spin_until(|| {
            let gone = self.1.is_abandoned();
            self.1.pop().map(Some).ok().or(if gone { Some(None) } else { None })
        })?;
        let found = read(&batch);
        batch.clear();
        self.0.push(batch).expect("room for every batch there is");
        Some(found)
    }
}
