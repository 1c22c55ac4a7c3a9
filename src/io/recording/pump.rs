//! Reader of a stream that may block for ever, such as a pipe, with a way to stop it.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

/// Block size in bytes of a read.
const BLOCK: usize = 64 << 10;

/// Interval at which the stop flag is checked while nothing arrives.
const GLANCE: Duration = Duration::from_millis(50);

/// Flag that tells readers to stop.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Sets the flag.
    pub fn set(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// True once the flag is set.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Stream read by a thread of its own; it ends when the stop flag is set.
pub(crate) struct Pump {
    pieces: Receiver<io::Result<Vec<u8>>>,
    piece: io::Cursor<Vec<u8>>,
    stop: Stop,
}

impl Pump {
    /// Starts the thread, which also opens the stream, because opening may block too.
    pub(crate) fn new<R: Read>(
        open: impl FnOnce() -> io::Result<R> + Send + 'static,
        stop: Stop,
    ) -> io::Result<Self> {
        let (sender, pieces) = sync_channel(1);
        std::thread::Builder::new()
            .name("pump".into())
            .spawn(move || {
                let mut input = match open() {
                    Ok(input) => input,
                    Err(error) => return drop(sender.send(Err(error))),
                };
                let mut block = vec![0; BLOCK];
                loop {
                    let piece = match input.read(&mut block) {
                        Ok(0) => return,
                        Ok(read) => Ok(block.get(..read).unwrap_or_default().to_vec()),
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                        Err(error) => Err(error),
                    };
                    let is_last = piece.is_err();
                    if sender.send(piece).is_err() || is_last {
                        return;
                    }
                }
            })?;
        Ok(Self {
            pieces,
            piece: io::Cursor::default(),
            stop,
        })
    }
}

impl Read for Pump {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.piece.read(into)?;
            if read > 0 || into.is_empty() {
                return Ok(read);
            }
            if self.stop.is_set() {
                return Ok(0);
            }
            match self.pieces.recv_timeout(GLANCE) {
                Ok(piece) => self.piece = io::Cursor::new(piece?),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Pump, Stop};
    use std::io::{self, Read};
    use std::time::{Duration, Instant};

    #[test]
    fn all_of_a_stream_comes_and_its_fault_at_the_end() {
        let text: Vec<u8> = (0..=255).cycle().take(300_000).collect();
        let broken = io::Cursor::new(text.clone()).chain(Broken);
        let mut pump = Pump::new(move || Ok(broken), Stop::default()).unwrap();
        let mut all = Vec::new();
        assert_eq!(
            pump.read_to_end(&mut all).unwrap_err().to_string(),
            "broken"
        );
        assert_eq!(all, text);
    }

    struct Broken;

    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("broken"))
        }
    }

    #[test]
    fn whoever_waits_is_told_to_stop() {
        let (reader, _writer) = io::pipe().unwrap();
        let stop = Stop::default();
        let mut pump = Pump::new(move || Ok(reader), stop.clone()).unwrap();
        let waiting = std::thread::spawn(move || pump.read(&mut [0; 9]).unwrap());
        let begun = Instant::now();
        stop.set();
        assert_eq!(waiting.join().unwrap(), 0);
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
}
