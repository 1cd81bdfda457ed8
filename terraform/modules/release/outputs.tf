output "paths" {
  description = "Paths of the zips, by the function."
  value       = local.paths
}

output "sums" {
  description = "Their sha256 in base64, by the function; known when they are fetched."
  value       = terraform_data.sums.output
}
