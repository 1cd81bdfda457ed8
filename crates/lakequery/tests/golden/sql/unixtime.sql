select to_unixtime(received_at) as t from events order by 1
