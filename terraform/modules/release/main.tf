# The functions' zips of a release: fetched at the apply, held against the release's SHA256SUMS, and kept
# beside this file. The state has their sums and no zip, so that a plan needs neither the files nor a network.

locals {
  folder = "${path.module}/fetched/${var.release_version}"
  names  = { for name in ["ingest", "compactor"] : name => "${name}-${var.architecture}.zip" }
  paths  = { for name, file in local.names : name => "${local.folder}/${file}" }
}

resource "terraform_data" "fetched" {
  input            = local.paths
  triggers_replace = concat([var.url, var.release_version, var.architecture], var.made_anew)

  provisioner "local-exec" {
    command = "sh '${path.module}/fetch'"
    # By the environment: no value of ours becomes a word of a command.
    environment = {
      OCTOLAKE_RELEASE_URL     = var.url
      OCTOLAKE_RELEASE_VERSION = var.release_version
      OCTOLAKE_RELEASE_FILES   = join(" ", values(local.names))
      OCTOLAKE_RELEASE_FOLDER  = local.folder
    }
  }
}

# Of the files as they were fetched. A folder that has them no more, such as the next run's of a pipeline,
# is no reason to change anything.
resource "terraform_data" "sums" {
  input            = { for name, path in terraform_data.fetched.output : name => try(filebase64sha256(path), "not here") }
  triggers_replace = terraform_data.fetched.id

  lifecycle {
    ignore_changes = [input]
  }
}
