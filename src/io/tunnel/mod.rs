//! Tunnels: programs of the user that give a local listener a public URL. Each is started, asked for its URL, and ended
//! with this program, also if this program is killed.

pub mod cloudflared;
pub mod host_name;
pub mod json_source;
pub mod local;
pub mod ngrok;
pub mod process;
pub mod ssh;
pub mod tailscale;
#[expect(
    clippy::module_inception,
    reason = "the file of the noun that the room is named after"
)]
pub mod tunnel;
