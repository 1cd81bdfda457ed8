select lower(text) as small, lower('ΣΑΣ İ') as alone
from (values ('İstanbul'), ('ΟΔΥΣΣΕΥΣ'), ('ẞÄ'), ('Plain'), (cast(null as varchar))) as t (text)
