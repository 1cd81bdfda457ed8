select count(*) as n from events where received_at >= timestamp '2026-03-03 00:00:00 UTC'
