-- Title: Jobs, one row each
select 1 as n from events;
