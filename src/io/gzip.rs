//! Decompression of gzipped files and streams; others are read as they are.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

/// True if the file begins with the gzip magic bytes; reads them.
pub(crate) fn is_gzip(file: &mut File) -> io::Result<bool> {
    let mut magic = [0; 2];
    let read = file.read(&mut magic)?;
    Ok(read == 2 && magic == GZIP)
}

/// Magic bytes of gzip (RFC 1952, 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Reads the first `size` bytes of a file, decompressed if gzipped, from `offset` (of the decompressed bytes) on.
pub(crate) fn open_at(path: &Path, offset: u64, size: u64) -> io::Result<Box<dyn Read + Send>> {
    let mut file = File::open(path)?;
    if is_gzip(&mut file)? {
        file.rewind()?;
        let input = BufReader::with_capacity(64 << 10, file.take(size));
        let mut input = MultiGzDecoder::new(input);
        io::copy(&mut (&mut input).take(offset), &mut io::sink())?;
        return Ok(Box::new(input));
    }
    file.seek(SeekFrom::Start(offset))?;
    Ok(Box::new(file.take(size.saturating_sub(offset))))
}

/// Decompresses a stream if it is gzipped.
pub(crate) fn inflate(mut input: Box<dyn Read + Send>) -> io::Result<Box<dyn Read + Send>> {
    let mut magic = Vec::new();
    (&mut input).take(2).read_to_end(&mut magic)?;
    let is_gzip = magic == GZIP;
    let whole = io::Cursor::new(magic).chain(input);
    Ok(if is_gzip {
        Box::new(MultiGzDecoder::new(BufReader::new(whole)))
    } else {
        Box::new(whole)
    })
}
