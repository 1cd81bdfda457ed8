terraform {
  required_version = ">= 1.11" # write-only arguments keep the webhook secret out of the state

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100"
    }
  }
}
