//! plakar as a host, of both generations of the plugin interface, played against the real `davault plugin` and real servers.
//!
//! It makes the calls that plakar 1.1.4 and 1.0.6 make, in the orders in which they make them, and in orders that are only
//! allowed; it insists on what plakar itself does not check, and trips where plakar does.

mod account;
mod at_once;
mod backing_up;
mod ending;
mod generations;
mod old_backing_up;
mod old_restoring;
mod process;
mod restoring;
mod snapshot;
mod v1_0;
mod v1_1;
