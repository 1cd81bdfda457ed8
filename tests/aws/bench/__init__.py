"""The ingest function, measured against the same work in Node 20.

    wire        HTTP/1.1 as a server, with nothing that costs time
    endpoint    constant answers for Secrets Manager, EventBridge and S3; keeps what they were sent
    function    a zip, run as Lambda runs it, with a Runtime API that takes the times
    deliveries  signed events made from real payloads, and what must come out of them
    same        on the local AWS: that both functions do the same work
    node        the Node function's zip
    ingest      the run: rounds, statistics, the table
"""
