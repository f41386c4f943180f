//! A TWS to carry along: the broker's true book behind the real wire, as a library and a program.
