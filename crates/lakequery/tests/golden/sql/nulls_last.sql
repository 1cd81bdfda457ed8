select x from (values (1), (null), (2)) as t(x) order by x desc
