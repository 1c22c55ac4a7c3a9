//! Reader of a folder that deliveries are recorded into, for the inspector: makes an entry of each file that is there already.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::inspector::backend::Backend;
use crate::inspector::store::entry::Entry;
use crate::inspector::store::names::Names;
use crate::inspector::store::table::Table;
use crate::io::recorder::file_name;
use crate::io::server::memory::MemoryBudget;
use crate::webhook::Fixture;

/// Most bytes for a file that needs no memory of the budget: one is read at a time.
const SMALL: usize = 1 << 20;

/// Files of which the rows are added together.
const TOGETHER: usize = 64;

/// Reader of the files of a folder.
pub(crate) struct FolderIndexer {
    /// Files in the order of their names, which is that of their times.
    files: Vec<PathBuf>,
    table: Arc<Table>,
    backend: Arc<dyn Backend>,
    /// True once the reader is to end.
    stop: Arc<AtomicBool>,
    memory: MemoryBudget,
}

impl FolderIndexer {
    /// Notes the files that are there, before the listener writes others.
    pub(crate) fn new(
        folder: &Path,
        table: &Arc<Table>,
        backend: &Arc<dyn Backend>,
        stop: &Arc<AtomicBool>,
        memory: &MemoryBudget,
    ) -> FolderIndexer {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> = entries
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|it| it == "json"))
            .collect();
        files.sort_unstable();
        FolderIndexer {
            files,
            table: Arc::clone(table),
            backend: Arc::clone(backend),
            stop: Arc::clone(stop),
            memory: memory.clone(),
        }
    }

    /// Reads the files, which [`Table::begin_reading`] announced.
    pub(crate) fn run(self) {
        for files in self.files.chunks(TOGETHER) {
            if self.stop.load(Relaxed) {
                break;
            }
            let mut names = Names::default();
            let entries = files.iter().filter_map(|path| self.entry(path, &mut names));
            let entries = entries.collect();
            self.table.add_old(entries, &[], &names);
        }
        self.table.end_reading();
    }

    /// Entry of a file that a listener wrote, which is found again by its id and its time.
    fn entry(&self, path: &Path, names: &mut Names) -> Option<Entry> {
        let length = fs::metadata(path).map_or(0, |it| it.len());
        // The file, and the body once it is decoded.
        let reserved = usize::try_from(2 * length).unwrap_or(usize::MAX);
        let _memory = (reserved > SMALL).then(|| self.memory.reserve_blocking(reserved));
        let fixture = match fs::read(path).map(|text| Fixture::read(&text)) {
            Ok(Ok(fixture)) => fixture,
            Ok(Err(fault)) => {
                let path = path.display();
                self.table.add_problem(format!("{path}: {fault}"));
                return None;
            }
            // It was taken away meanwhile.
            Err(_) => return None,
        };
        let (id, at) = (fixture.id.as_deref()?, fixture.at?);
        if path.file_name()?.to_str()? != file_name(at, id) {
            return None;
        }
        let receipt = self.backend.outline(&fixture);
        Some(Entry::recorded(&fixture, &receipt, None, id, names))
    }
}
