//! The vault from outside: what goes in comes back, in few bytes, whatever happens on the way.

mod damage;
mod life;
mod sizes;
mod world;
