output "database" {
  description = "Name of the Glue database."
  value       = aws_glue_catalog_database.lake.name
}

output "workgroup" {
  description = "Name of the workgroup."
  value       = aws_athena_workgroup.lake.name
}

output "named_queries" {
  description = "Id of each named query, by its path in queries/."
  value       = { for name, query in aws_athena_named_query.lake : name => query.id }
}

output "analyst_policy" {
  description = "Policy, as JSON, for who asks the lake by Athena."
  value       = local.analyst_policy
}
