select event_type, count(*) as n from events where event_type = 'push' and date >= date '2026-03-02' group by event_type
