//! From raw objects to the Delta table: scan, plan, write, commit, report
