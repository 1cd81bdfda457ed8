"""What the test of Athena's tables is made of.

    lake        the lake, by `lakequery` and by deltalake
    deliveries  what is delivered, by which day, and how it gets into raw/
    checksums   every column of a table in three numbers each: in Python, and as SQL for Trino
    listings    which prefixes S3 was asked to list
    ageing      a lake that was left alone for days
    questions   what reports are asked: each with each dimension and filter, from their catalogue
    asking      who is asked them: `lakequery` and Trino
    sql         the same answer of two engines, made comparable
"""
