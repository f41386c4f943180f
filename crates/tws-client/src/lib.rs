//! One live session with TWS: connects, stays connected, answers or says why.
