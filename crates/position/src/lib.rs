//! Fills to positions, marks to profit and loss, exactly.
