select count(*) as n from events
