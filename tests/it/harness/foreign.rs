//! Server in another language, from `tests/handlers`.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

/// Running server; stopped when dropped.
pub(crate) struct Foreign {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// Folder for temporary files of the server.
    _folder: tempfile::TempDir,
    pub url: String,
}

/// Program and packages that a server needs.
pub(crate) struct Needs {
    pub program: &'static str,
    /// Arguments with which the program succeeds only if the packages are there.
    pub probe: &'static [&'static str],
}

impl Foreign {
    /// Starts a server, which prints its address first. None, with a message, if the program or one of its packages is
    /// not installed; nothing is downloaded here.
    pub(crate) fn start(
        needs: &Needs,
        file: &str,
        variables: &[(&str, String)],
    ) -> Option<Foreign> {
        let program = needs.program;
        let there = Command::new(program).args(needs.probe).output();
        if !there.is_ok_and(|output| output.status.success()) {
            eprintln!(
                "skipped {file}: {program} or its packages are not there; `.ci/run` installs them"
            );
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(program)
            .arg(format!("tests/handlers/{file}"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("PORT", "0")
            .env("TMPDIR", folder.path())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut server = Foreign {
            child,
            stdout,
            _folder: folder,
            url: String::new(),
        };
        let first = server.line();
        let url = first.trim_end().strip_prefix("listening on ");
        let url = url.unwrap_or_else(|| panic!("no address in {first:?}"));
        server.url = url.to_owned();
        Some(server)
    }

    /// Reads the next line that the server prints.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
