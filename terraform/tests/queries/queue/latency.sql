-- How long jobs waited
select 2 as n
