//! Serves the pages to work on to browsers on this machine: sign-in, candidates, decisions, imports,
//! statistics, a match.
//!
//! The server listens on a loopback address or a Unix socket and nowhere else. Every request passes, in this order:
//! limits of size and time (`serve`), the checks of where it comes from (`guard`), the visitor's cookie and role, the
//! token of the form (`router`), and then one function of `work`, which calls one operation of the store. The store
//! records every look at the data of persons in the audit chain; the record names the staff code.
//!
//! | file | owns |
//! |---|---|
//! | `listen` | where the server may listen |
//! | `serve` | connections: limits, time-outs, the graceful end |
//! | `guard` | `Host`, `Origin`, methods, and the headers of every answer |
//! | `matches` | the match that is running |
//! | `visit` | a request after its checks |
//! | `visitors` | cookies, start links, sessions and their ends |
//! | `attempts` | how often a passphrase may be tried |
//! | `fields` | the fields of forms and addresses |
//! | `receive` | forms with a file |
//! | `uploads` | files between their check and their confirmation |
//! | `imports` | what an import is asked for, and what came of it |
//! | `router` | all addresses with the roles that may use them |
//! | `app` | what all requests share |
//! | `answer` | pages, redirections, refusals |
//! | `work` | one file per page |

mod answer;
mod app;
mod attempts;
mod fields;
mod guard;
mod imports;
mod keys;
mod listen;
mod matches;
mod receive;
mod router;
mod serve;
mod uploads;
mod visit;
mod visitors;
mod work;

pub use app::{Said, ServeOptions};
pub use listen::{Listen, ListenError};
pub use serve::{ServeError, Server, Stop};
