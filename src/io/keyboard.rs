//! Single keys of a terminal. While they are read, the terminal neither echoes nor collects a line; Ctrl-C, Ctrl-Z and
//! Ctrl-\ remain signals.
//!
//! The terminal's settings are given back on every way out: by the guard's drop, by [`give_back`] before the process
//! exits, by a hook on a panic, and while the process is stopped. A process in the background does not touch them.

#[cfg(unix)]
pub use unix::{Keyboard, give_back};

#[cfg(not(unix))]
pub use elsewhere::{Keyboard, give_back};

use std::io::{self, IsTerminal};

/// Longest input that is taken for keys; more at once is a pasted text.
#[cfg_attr(not(unix), allow(dead_code, reason = "keys are read on Unix only"))]
const MOST_KEYS: usize = 16;

/// True if both ends are a terminal, so that keys can be read.
pub fn is_possible() -> bool {
    cfg!(unix) && io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Keys of an input: none of a pasted text, and none from an escape sequence on, such as that of an arrow key.
#[cfg_attr(not(unix), allow(dead_code, reason = "keys are read on Unix only"))]
fn keys(input: &[u8]) -> &[u8] {
    let end = input.iter().position(|byte| *byte == ESCAPE);
    match input.len() {
        ..=MOST_KEYS => input.get(..end.unwrap_or(input.len())).unwrap_or_default(),
        _ => &[],
    }
}

#[cfg_attr(not(unix), allow(dead_code, reason = "keys are read on Unix only"))]
const ESCAPE: u8 = 0x1b;

#[cfg(unix)]
mod unix {
    use std::io;
    use std::sync::{Condvar, Mutex, MutexGuard, Once, PoisonError};
    use std::time::Duration;

    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::io::Errno;
    use rustix::process::{Signal, getpgrp, getpid, kill_process};
    use rustix::termios::{
        LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetpgrp, tcsetattr,
    };
    use tokio::signal::unix::{Signal as Signals, SignalKind, signal};

    use super::keys;

    /// State of the terminal.
    static STATE: Mutex<State> = Mutex::new(State::Given);

    /// Notified when the state changes.
    static CHANGED: Condvar = Condvar::new();

    /// State of the terminal, as far as this process has set it.
    enum State {
        /// The settings are those from before, and stay.
        Given,
        /// The process is stopped until SIGCONT.
        Stopped,
        /// Another process has the terminal. That it is given back is not signalled.
        Background,
        /// The terminal is set for keys; the settings from before.
        Taken(Termios),
    }

    /// Interval in which a process in the background looks if it is in the foreground again.
    const LOOKED: Duration = Duration::from_millis(300);

    /// Time in which all threads are stopped by a signal.
    const STOPPED_WITHIN: Duration = Duration::from_millis(20);

    /// Terminal that is set for keys until this is dropped.
    #[derive(Debug)]
    pub struct Keyboard(());

    impl Keyboard {
        /// Sets the terminal for keys, and calls `press` with each of them, on a thread of its own. None if stdin or stdout
        /// is no terminal. In the background, it waits to be in the foreground.
        pub fn open(press: impl FnMut(u8) + Send + 'static) -> Option<Keyboard> {
            if !super::is_possible() {
                return None;
            }
            static HOOK: Once = Once::new();
            HOOK.call_once(|| {
                let previous = std::panic::take_hook();
                std::panic::set_hook(Box::new(move |panic| {
                    give_back();
                    previous(panic);
                }));
            });
            let keyboard = Keyboard(());
            take();
            std::thread::Builder::new()
                .name("keys".into())
                .spawn(|| read(press))
                .ok()?;
            Some(keyboard)
        }

        /// Gives the terminal back while the process is stopped, and before it ends by a signal. `aside` runs the closure
        /// that stops the process, with nothing of ours left on the screen.
        pub async fn watch_signals(aside: impl Fn(&dyn Fn())) {
            let raw = SignalKind::from_raw;
            let kinds = [
                raw(Signal::TSTP.as_raw()),
                raw(Signal::CONT.as_raw()),
                SignalKind::hangup(),
                SignalKind::quit(),
            ];
            // A signal that cannot be listened for keeps its default handling.
            let mut signals = kinds.map(|kind| signal(kind).ok());
            let [stop, goes_on, hangup, quit] = &mut signals;
            loop {
                tokio::select! {
                    Some(()) = next(stop) => aside(&|| {
                        give_back_for(State::Stopped);
                        // SIGTSTP is handled here, so it no longer stops the process.
                        let _ = kill_process(getpid(), Signal::STOP);
                        // The stop may reach this thread last. Keys are read again after SIGCONT.
                        std::thread::sleep(STOPPED_WITHIN);
                    }),
                    Some(()) = next(goes_on) => take(),
                    Some(()) = next(hangup) => exit(Signal::HUP),
                    Some(()) = next(quit) => exit(Signal::QUIT),
                    else => std::future::pending().await,
                }
            }
        }
    }

    impl Drop for Keyboard {
        fn drop(&mut self) {
            give_back();
        }
    }

    async fn next(signals: &mut Option<Signals>) -> Option<()> {
        signals.as_mut()?.recv().await
    }

    fn exit(signal: Signal) {
        give_back();
        std::process::exit(128 + signal.as_raw());
    }

    /// Gives the terminal's settings back for good, if they were changed.
    pub fn give_back() {
        give_back_for(State::Given);
    }

    fn give_back_for(next: State) {
        let mut state = state();
        let before = std::mem::replace(&mut *state, next);
        if let State::Taken(before) = before
            && is_foreground()
        {
            // Without delay: output may be held back by Ctrl-S.
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &before);
        }
    }

    /// Sets the terminal for keys, as soon as the process is in the foreground.
    fn take() {
        let mut state = state();
        if !is_foreground() {
            // Another process has set the terminal as it wants it.
            *state = State::Background;
        } else {
            // After SIGSTOP, the settings may be our own: those from before are kept.
            let before = match std::mem::replace(&mut *state, State::Given) {
                State::Taken(before) => Some(before),
                _ => tcgetattr(io::stdin()).ok(),
            };
            if let Some(before) = before {
                set(&mut state, before);
            }
        }
        drop(state);
        CHANGED.notify_all();
    }

    fn set(state: &mut State, before: Termios) {
        let mut settings = before.clone();
        settings.local_modes -= LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON;
        settings.special_codes[SpecialCodeIndex::VMIN] = 1;
        settings.special_codes[SpecialCodeIndex::VTIME] = 0;
        *state = State::Taken(before);
        if tcsetattr(io::stdin(), OptionalActions::Now, &settings).is_err() {
            *state = State::Given;
        }
    }

    fn state() -> MutexGuard<'static, State> {
        STATE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the terminal is set for keys.
    fn wait_until_taken() {
        let mut state = state();
        while !matches!(*state, State::Taken(_)) {
            if matches!(*state, State::Background) {
                let waited = CHANGED.wait_timeout(state, LOOKED);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
                if matches!(*state, State::Background) && is_foreground() {
                    drop(state);
                    take();
                    state = self::state();
                }
            } else {
                let waited = CHANGED.wait(state);
                state = waited.unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// True if the terminal is this process's to set and to read; a terminal without job control is.
    fn is_foreground() -> bool {
        tcgetpgrp(io::stdin()).map_or(true, |group| group == getpgrp())
    }

    /// Reads keys until the terminal is gone.
    fn read(mut press: impl FnMut(u8)) {
        let stdin = io::stdin();
        let mut input = [0; 256];
        loop {
            wait_until_taken();
            // A blocked read in the background would stop the process, which waiting for input does not.
            let mut wait = [PollFd::new(&stdin, PollFlags::IN)];
            match poll(&mut wait, None) {
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(_) => return,
            }
            if !is_foreground() {
                *state() = State::Background;
                continue;
            }
            match rustix::io::read(&stdin, &mut input) {
                Ok(0) => return,
                Ok(length) => {
                    let input = input.get(..length).unwrap_or_default();
                    keys(input).iter().for_each(|key| press(*key));
                }
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(_) => return,
            }
        }
    }
}

#[cfg(not(unix))]
mod elsewhere {
    /// Terminal that is set for keys; there are none on this system.
    #[derive(Debug)]
    pub struct Keyboard(());

    impl Keyboard {
        /// Returns none: keys are not read on this system.
        pub fn open(_: impl FnMut(u8) + Send + 'static) -> Option<Keyboard> {
            None
        }

        /// Never resolves.
        pub async fn watch_signals(_: impl Fn(&dyn Fn())) {
            std::future::pending().await
        }
    }

    /// Does nothing: the terminal was not changed.
    pub fn give_back() {}
}

#[cfg(test)]
mod tests {
    use super::keys;

    #[test]
    fn neither_a_pasted_text_nor_an_escape_sequence_is_a_key() {
        for (input, wanted) in [
            (&b"q"[..], &b"q"[..]),
            (b"rr\n", b"rr\n"),
            (b"\x1b[A", b""),
            (b"\x1bOc", b""),
            (b"r\x1b[B", b"r"),
            (b"a pasted text with q and r", b""),
            (b"", b""),
        ] {
            assert_eq!(keys(input), wanted);
        }
    }
}
