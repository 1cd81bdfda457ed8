output "problems" {
  description = "What EventBridge would refuse, each with its place and what to do; empty for a good pattern."
  value       = local.problems
}

output "json" {
  description = "The pattern as JSON, without escapes that would count against its length."
  value       = local.compact
}
