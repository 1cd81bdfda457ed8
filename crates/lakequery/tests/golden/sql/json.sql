select json_extract_scalar(payload, '$.a.b[0]') as b, json_extract_scalar(payload, '$.a.b[1].c') as c, json_extract_scalar(payload, '$.a') as a from events order by received_at
