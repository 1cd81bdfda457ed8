# A name of one's own for the HTTP API. The DNS record is the owner's to make: the zone may be anywhere.

resource "aws_apigatewayv2_domain_name" "ingest" {
  count = var.domain == null ? 0 : 1

  domain_name = var.domain.name
  tags        = var.tags

  domain_name_configuration {
    certificate_arn = var.domain.certificate_arn
    endpoint_type   = "REGIONAL"
    security_policy = "TLS_1_2"
  }
}

resource "aws_apigatewayv2_api_mapping" "ingest" {
  count = var.domain == null ? 0 : 1

  api_id      = aws_apigatewayv2_api.ingest[0].id
  domain_name = aws_apigatewayv2_domain_name.ingest[0].id
  stage       = aws_apigatewayv2_stage.ingest[0].id
}
