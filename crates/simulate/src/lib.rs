//! A seeded organisation: its deliveries, and the true answers to the reports
