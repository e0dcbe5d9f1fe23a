# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

mock_provider "aws" {
  mock_data "aws_availability_zones" {
    defaults = { names = ["us-west-2a", "us-west-2b", "us-west-2c", "us-west-2d"] }
  }

  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012", arn = "arn:aws:iam::123456789012:user/installer" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_eks_addon_version" {
    defaults = { version = "v1.0.0-eksbuild.1" }
  }

  mock_data "aws_ssm_parameter" {
    defaults = { value = "1.33.7-20260714" }
  }

  mock_data "aws_ec2_instance_type" {
    defaults = { efa_supported = true, efa_maximum_interfaces = 32 }
  }

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
}

run "guide_profile" {
  command = plan

  assert {
    condition     = aws_eks_cluster.this.version == "1.33" && aws_eks_cluster.this.name == "dynamo-on-eks"
    error_message = "The defaults must be the guide's: EKS 1.33, dynamo-on-eks."
  }

  assert {
    condition     = aws_eks_cluster.this.vpc_config[0].endpoint_private_access && !aws_eks_cluster.this.vpc_config[0].endpoint_public_access
    error_message = "Without a list of networks the API server must answer inside the VPC only."
  }

  assert {
    condition     = aws_eks_cluster.this.access_config[0].authentication_mode == "API" && !aws_eks_cluster.this.bootstrap_self_managed_addons
    error_message = "Access must be by access entries alone, and no unmanaged add-on may be installed."
  }

  assert {
    condition     = aws_eks_cluster.this.encryption_config[0].resources == toset(["secrets"]) && aws_kms_key.secrets[0].enable_key_rotation
    error_message = "Kubernetes secrets must be encrypted with a key that rotates."
  }

  assert {
    condition     = aws_launch_template.core.metadata_options[0].http_tokens == "required" && aws_launch_template.core.metadata_options[0].http_put_response_hop_limit == 1
    error_message = "Core nodes must require IMDSv2 with hop limit 1."
  }

  assert {
    condition     = tobool(aws_launch_template.core.block_device_mappings[0].ebs[0].encrypted)
    error_message = "Disks of core nodes must be encrypted."
  }

  assert {
    condition     = length(aws_subnet.private) == 2 && length(aws_subnet.public) == 2 && length(aws_nat_gateway.this) == 1
    error_message = "By default there are two zones and one NAT gateway."
  }

  assert {
    condition     = alltrue([for subnet in aws_subnet.private : subnet.tags["karpenter.sh/discovery"] == "dynamo-on-eks"]) && aws_security_group.node.tags["karpenter.sh/discovery"] == "dynamo-on-eks"
    error_message = "Karpenter finds subnets and security group by the tag karpenter.sh/discovery."
  }

  assert {
    condition     = sort(keys(aws_eks_addon.before_compute)) == tolist(["eks-pod-identity-agent", "kube-proxy", "vpc-cni"])
    error_message = "Nodes need network and pod identity before they come."
  }

  assert {
    condition     = sort(keys(aws_eks_addon.after_compute)) == tolist(["aws-ebs-csi-driver", "aws-efs-csi-driver", "coredns", "metrics-server"])
    error_message = "Add-ons that run on nodes must come after them."
  }

  assert {
    condition     = aws_efs_file_system.models[0].encrypted && aws_efs_file_system.models[0].throughput_mode == "elastic" && aws_efs_access_point.models[0].root_directory[0].creation_info[0].permissions == "0755"
    error_message = "The file system must be encrypted and elastic, its folder writable by its owner only."
  }

  assert {
    condition     = module.karpenter[0].controller_association == { namespace = "karpenter", service_account = "karpenter" }
    error_message = "Karpenter's role belongs to the service account karpenter/karpenter."
  }

  assert {
    condition     = module.karpenter[0].node_access_type == "EC2_LINUX" && length(module.karpenter[0].event_rules) == 5
    error_message = "Karpenter's nodes need an access entry, its queue five kinds of events."
  }

  assert {
    condition     = aws_eks_addon.after_compute["coredns"].addon_version == "v1.0.0-eksbuild.1" && data.aws_eks_addon_version.proposed["coredns"].kubernetes_version == "1.33" && !data.aws_eks_addon_version.proposed["coredns"].most_recent
    error_message = "Add-ons must have the version that EKS proposes for the cluster's."
  }

  assert {
    condition     = aws_eks_node_group.core.version == "1.33"
    error_message = "Nodes must follow the control plane's version."
  }

  assert {
    condition     = length(aws_vpc_security_group_egress_rule.node_to_node) == 1 && length(aws_vpc_security_group_egress_rule.node_to_vpc) == 0
    error_message = "EFA needs a rule from the nodes to themselves; what leaves anyway needs no further rule."
  }

  assert {
    condition     = length(module.identity) + length(aws_subnet.secondary) + length(aws_vpc_endpoint.interface) + length(aws_security_group.endpoint) + length(aws_ec2_tag.karpenter_discovery) + length(aws_iam_role.gpu) + length(aws_eks_node_group.gpu) + length(aws_eks_node_group.capacity_block) + length(aws_fsx_lustre_file_system.models) + length(aws_s3_bucket.models) + length(aws_ecr_repository.this) + length(aws_ecr_pull_through_cache_rule.this) + length(aws_iam_role.cache) + length(aws_prometheus_workspace.this) + length(aws_placement_group.this) + length(aws_eks_access_entry.this) == 0
    error_message = "What costs or widens access must be asked for."
  }

  assert {
    condition     = local.tags.Cluster == "dynamo-on-eks" && local.tags.ManagedBy == "ai_on_eks.dynamo"
    error_message = "Everything carries Cluster and ManagedBy."
  }
}

run "newer_version_chosen_zones_public_endpoint" {
  command = plan

  variables {
    eks_cluster_version                  = "1.35"
    availability_zones                   = ["us-west-2d", "us-west-2b"]
    cluster_endpoint_public_access_cidrs = ["203.0.113.7/32"]
  }

  assert {
    condition     = aws_eks_cluster.this.version == "1.35" && aws_eks_node_group.core.version == "1.35" && data.aws_eks_addon_version.proposed["vpc-cni"].kubernetes_version == "1.35"
    error_message = "The version must reach control plane, add-ons and nodes."
  }

  assert {
    condition     = sort(keys(aws_subnet.private)) == tolist(["us-west-2b", "us-west-2d"])
    error_message = "The chosen zones must be used."
  }

  assert {
    condition     = aws_eks_cluster.this.vpc_config[0].endpoint_public_access && aws_eks_cluster.this.vpc_config[0].public_access_cidrs == toset(["203.0.113.7/32"])
    error_message = "Only the listed networks may reach the public endpoint."
  }
}

run "four_zones_in_the_smallest_network_with_a_way_out_each" {
  command = plan

  variables {
    availability_zones_count = 4
    single_nat_gateway       = false
    vpc_cidr                 = "10.9.0.0/22"
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 4 && length(aws_eip.nat) == 4
    error_message = "Every zone needs its own NAT gateway."
  }

  assert {
    condition     = sort([for subnet in aws_subnet.private : subnet.cidr_block]) == tolist(["10.9.0.0/25", "10.9.0.128/25", "10.9.1.0/25", "10.9.1.128/25"])
    error_message = "Private subnets fill the first half."
  }

  assert {
    condition     = sort([for subnet in aws_subnet.public : subnet.cidr_block]) == tolist(["10.9.2.0/27", "10.9.2.32/27", "10.9.2.64/27", "10.9.2.96/27"])
    error_message = "Public subnets lie in the second half."
  }
}

run "everything_off" {
  command = plan

  variables {
    enable_aws_efs_csi_driver                = false
    enable_karpenter                         = false
    enable_s3_endpoint                       = false
    enable_efa_support                       = false
    enable_cluster_creator_admin_permissions = false
    enable_network_policy                    = false
    create_cloudwatch_log_group              = false
    enable_cluster_addons                    = { metrics-server = false, aws-ebs-csi-driver = false }
    kms_key_arn                              = "arn:aws:kms:us-west-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    eks_support_type                         = "STANDARD"
  }

  assert {
    condition     = length(aws_efs_file_system.models) == 0 && length(aws_security_group.efs) == 0 && length(aws_efs_mount_target.models) == 0 && output.efs_id == null
    error_message = "Nothing of EFS may be left when it is off."
  }

  assert {
    condition     = length(module.karpenter) == 0 && output.node_role_name == null && output.interruption_queue == null
    error_message = "Nothing of Karpenter may be left when it is off."
  }

  assert {
    condition     = sort(keys(aws_eks_addon.after_compute)) == tolist(["coredns"]) && sort(keys(module.driver)) == tolist(["vpc-cni"])
    error_message = "Add-ons and their roles must follow their switches."
  }

  assert {
    condition     = jsondecode(aws_eks_addon.before_compute["vpc-cni"].configuration_values).enableNetworkPolicy == "false"
    error_message = "Network policy must follow its switch."
  }

  assert {
    condition     = length(aws_vpc_endpoint.s3) == 0 && length(aws_vpc_security_group_egress_rule.node_to_node) == 0
    error_message = "Endpoint and rule must go with their switches."
  }

  assert {
    condition     = length(aws_cloudwatch_log_group.cluster) == 0
    error_message = "A log group that is there must be left alone."
  }

  assert {
    condition     = length(aws_kms_key.secrets) == 0 && length(aws_kms_alias.secrets) == 0 && aws_eks_cluster.this.encryption_config[0].provider[0].key_arn == "arn:aws:kms:us-west-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    error_message = "A given key must be used instead of one of its own."
  }

  assert {
    condition     = !aws_eks_cluster.this.access_config[0].bootstrap_cluster_creator_admin_permissions && aws_eks_cluster.this.upgrade_policy[0].support_type == "STANDARD"
    error_message = "Creator and support type must follow their variables."
  }
}

# Everything at once, under the longest names that are allowed.
run "everything_on" {
  command = plan

  variables {
    name                     = "abcdefghijklmnopqrstuvwxyz-abcdefghijk"
    region                   = "ap-southeast-1"
    availability_zones_count = 3
    secondary_cidr_blocks    = ["100.64.0.0/16", "10.200.0.0/20"]
    vpc_interface_endpoints  = ["ecr.api", "ecr.dkr", "sts", "eks", "eks-auth", "ec2", "sqs", "logs"]

    cluster_endpoint_private_access_cidrs = ["10.8.0.0/16"]
    allowed_account_ids                   = ["123456789012"]
    admin_principal_arns                  = ["arn:aws:iam::123456789012:role/team/platform"]
    kms_key_admin_roles                   = ["arn:aws:iam::123456789012:role/security"]
    iam_permissions_boundary_arn          = "arn:aws:iam::123456789012:policy/boundary"
    access_entries = {
      dev = { principal_arn = "arn:aws:iam::123456789012:role/dev", policies = ["AmazonEKSEditPolicy", "AmazonEKSViewPolicy"], namespaces = ["dynamo-cloud"] }
      ops = { principal_arn = "arn:aws:iam::123456789012:role/ops", kubernetes_groups = ["ops"] }
    }

    enable_cluster_addons     = { eks-node-monitoring-agent = true, amazon-cloudwatch-observability = true }
    cluster_addon_versions    = { coredns = "v1.12.2-eksbuild.4", kube-proxy = "latest" }
    core_node_release_version = "latest"
    node_egress_cidrs         = ["203.0.113.0/24"]

    enable_gpu_node_group            = true
    gpu_node_scaling                 = { max = 2, desired = 1 }
    capacity_block_reservation_id    = "cr-0123456789abcdef0"
    capacity_block_availability_zone = "us-west-2b"
    capacity_block_size              = 2
    capacity_reservation_ids         = ["cr-0123456789abcdef1"]
    placement_groups                 = { efa = {}, parts = { strategy = "partition", partitions = 3 } }

    deploy_fsx_volume        = true
    fsx_storage_capacity_gib = 4800
    enable_model_bucket      = true
    ecr_repositories         = ["vllm-runtime", "team/frontend"]
    ecr_pull_through_cache   = { "quay.io" = "", "ghcr.io" = "arn:aws:secretsmanager:ap-southeast-1:123456789012:secret:ecr-pullthroughcache/ghcr-AbCdEf" }
    enable_amazon_prometheus = true
  }

  assert {
    condition     = sort([for subnet in aws_subnet.secondary : subnet.cidr_block]) == tolist(["10.200.0.0/22", "10.200.4.0/22", "10.200.8.0/22", "100.64.0.0/18", "100.64.128.0/18", "100.64.64.0/18"])
    error_message = "Every secondary network has a subnet in each zone."
  }

  assert {
    condition     = alltrue([for subnet in aws_subnet.secondary : subnet.tags["karpenter.sh/discovery"] == var.name]) && alltrue([for subnet in aws_subnet.private : !contains(keys(subnet.tags), "karpenter.sh/discovery")])
    error_message = "With secondary networks nodes live there alone."
  }

  assert {
    condition     = length(aws_route_table_association.secondary) == 6 && length(aws_vpc_ipv4_cidr_block_association.secondary) == 2
    error_message = "Secondary subnets need their network and a way out."
  }

  assert {
    condition     = length(aws_vpc_endpoint.interface) == 8 && aws_vpc_endpoint.interface["ecr.api"].service_name == "com.amazonaws.ap-southeast-1.ecr.api" && alltrue([for endpoint in aws_vpc_endpoint.interface : endpoint.private_dns_enabled])
    error_message = "The endpoints must be made, under the services' own names."
  }

  assert {
    condition     = sort(keys(aws_vpc_security_group_ingress_rule.endpoint)) == tolist(["10.1.0.0/16", "10.200.0.0/20", "100.64.0.0/16"]) && sort(keys(aws_vpc_security_group_egress_rule.node_to_vpc)) == tolist(["10.1.0.0/16", "10.200.0.0/20", "100.64.0.0/16"])
    error_message = "The whole VPC reaches the endpoints, and nodes with a narrow way out still reach the VPC."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.cluster_from_network["10.8.0.0/16"].from_port == 443
    error_message = "The bastion's network must reach the API server."
  }

  assert {
    condition     = length(aws_eks_access_entry.admin) == 1 && length(aws_eks_access_policy_association.admin) == 1
    error_message = "An administrator needs an access entry and the policy."
  }

  assert {
    condition     = length(aws_eks_access_entry.this) == 2 && length(aws_eks_access_policy_association.this) == 2 && aws_eks_access_policy_association.this["dev AmazonEKSViewPolicy"].access_scope[0].type == "namespace" && aws_eks_access_entry.this["ops"].kubernetes_groups == toset(["ops"])
    error_message = "Access entries carry their policies in their namespaces, or their groups."
  }

  assert {
    condition     = sort(keys(aws_eks_addon.after_compute)) == tolist(["amazon-cloudwatch-observability", "aws-ebs-csi-driver", "aws-efs-csi-driver", "aws-fsx-csi-driver", "coredns", "eks-node-monitoring-agent", "metrics-server"])
    error_message = "Add-ons must follow their switches."
  }

  assert {
    condition     = aws_eks_addon.after_compute["coredns"].addon_version == "v1.12.2-eksbuild.4" && data.aws_eks_addon_version.proposed["kube-proxy"].most_recent && !contains(keys(data.aws_eks_addon_version.proposed), "coredns")
    error_message = "A pinned version must reach the add-on, \"latest\" must look for the newest."
  }

  assert {
    condition     = aws_eks_node_group.core.release_version == "1.33.7-20260714"
    error_message = "Core nodes must move to the newest release."
  }

  assert {
    condition     = { for key, identity in module.identity : key => identity.association } == { amp-write = { namespace = "kube-prometheus-stack", service_account = "kube-prometheus-stack-prometheus" }, bucket = { namespace = "dynamo-cloud", service_account = "models" }, cw-agent = { namespace = "amazon-cloudwatch", service_account = "cloudwatch-agent" }, fsx-csi = { namespace = "kube-system", service_account = "fsx-csi-controller-sa" } }
    error_message = "Optional parts need their roles."
  }

  assert {
    condition     = aws_eks_node_group.gpu[0].ami_type == "AL2023_x86_64_NVIDIA" && aws_eks_node_group.gpu[0].scaling_config[0].desired_size == 1 && one(aws_eks_node_group.gpu[0].taint).key == "nvidia.com/gpu"
    error_message = "The group gpu needs NVIDIA's image, its size and the taint."
  }

  assert {
    condition     = yamldecode(split("\n\n", split("--BOUNDARY--", base64decode(aws_launch_template.gpu[0].user_data))[0])[2]).spec.instance.localStorage.strategy == "RAID0"
    error_message = "GPU nodes must make one disk of their NVMe disks."
  }

  assert {
    condition     = aws_eks_node_group.capacity_block[0].capacity_type == "CAPACITY_BLOCK" && aws_eks_node_group.capacity_block[0].scaling_config[0].max_size == 2 && length(aws_launch_template.capacity_block[0].network_interfaces) == 32 && aws_launch_template.capacity_block[0].network_interfaces[31].interface_type == "efa-only" && aws_launch_template.capacity_block[0].network_interfaces[0].interface_type == "efa"
    error_message = "The capacity block's nodes need all their adapters."
  }

  assert {
    condition     = aws_launch_template.capacity_block[0].instance_market_options[0].market_type == "capacity-block" && aws_launch_template.capacity_block[0].capacity_reservation_specification[0].capacity_reservation_target[0].capacity_reservation_id == "cr-0123456789abcdef0"
    error_message = "The template must name the capacity block."
  }

  assert {
    condition     = alltrue([for template in [aws_launch_template.core, aws_launch_template.gpu[0], aws_launch_template.capacity_block[0]] : template.metadata_options[0].http_tokens == "required" && template.metadata_options[0].http_put_response_hop_limit == 1 && tobool(template.block_device_mappings[0].ebs[0].encrypted)])
    error_message = "All nodes need IMDSv2 with hop limit 1 and encrypted disks."
  }

  assert {
    condition     = aws_placement_group.this["efa"].strategy == "cluster" && aws_placement_group.this["parts"].partition_count == 3 && output.capacity_reservation_ids == tolist(["cr-0123456789abcdef1"])
    error_message = "Placement groups and reservations must reach AWS and the outputs."
  }

  assert {
    condition     = aws_fsx_lustre_file_system.models[0].deployment_type == "PERSISTENT_2" && aws_fsx_lustre_file_system.models[0].storage_capacity == 4800 && length(aws_vpc_security_group_ingress_rule.fsx) == 4 && length(aws_vpc_security_group_ingress_rule.node_from_fsx) == 2 && length(aws_fsx_data_repository_association.models) == 1
    error_message = "Lustre needs its file system, its ports both ways and the bucket."
  }

  assert {
    condition     = aws_s3_bucket_versioning.models[0].versioning_configuration[0].status == "Enabled" && aws_s3_bucket_public_access_block.models[0].restrict_public_buckets && one(aws_s3_bucket_server_side_encryption_configuration.models[0].rule).apply_server_side_encryption_by_default[0].sse_algorithm == "AES256" && length(aws_s3_bucket_policy.models) == 1 && length(aws_s3_bucket.models[0].bucket) <= 63
    error_message = "The bucket must be versioned, closed and encrypted."
  }

  assert {
    condition     = aws_ecr_repository.this["team/frontend"].name == "${var.name}/team/frontend" && alltrue([for repository in aws_ecr_repository.this : repository.image_tag_mutability == "IMMUTABLE" && repository.image_scanning_configuration[0].scan_on_push && repository.force_delete])
    error_message = "Repositories must keep tags where they are and scan images."
  }

  assert {
    condition     = alltrue([for rule in aws_ecr_pull_through_cache_rule.this : length(rule.ecr_repository_prefix) <= 30]) && aws_ecr_repository_creation_template.this["quay.io"].resource_tags.Cluster == var.name && sort(keys(aws_iam_role_policy.cache_fill)) == tolist(["core", "gpu", "karpenter"])
    error_message = "Caches need short names, the cleanup's tags, and nodes that may fill them."
  }

  assert {
    condition     = aws_prometheus_workspace.this[0].alias == var.name
    error_message = "The workspace must be made."
  }

  assert {
    condition = alltrue([
      for boundary in concat([for role in [aws_iam_role.cluster, aws_iam_role.core, aws_iam_role.gpu[0], aws_iam_role.cache[0]] : role.permissions_boundary], module.karpenter[0].permissions_boundaries, values(module.driver)[*].permissions_boundary, values(module.identity)[*].permissions_boundary) :
      boundary == "arn:aws:iam::123456789012:policy/boundary"
    ])
    error_message = "Every role needs the boundary."
  }

  assert {
    condition = alltrue([
      for name in concat([for role in [aws_iam_role.cluster, aws_iam_role.core, aws_iam_role.gpu[0], aws_iam_role.cache[0]] : role.name], [module.karpenter[0].node_role_name, module.karpenter[0].controller_role_name], values(module.driver)[*].role_name, values(module.identity)[*].role_name) :
      length(name) <= 64
    ])
    error_message = "Role names may have 64 characters."
  }

  assert {
    condition     = alltrue([for rule in module.karpenter[0].event_rules : length(rule) <= 64]) && length(module.karpenter[0].interruption_queue) <= 80
    error_message = "Rule names may have 64 characters, queue names 80."
  }
}

run "a_network_that_is_there" {
  command = plan

  variables {
    vpc_id                  = "vpc-0a"
    private_subnet_ids      = ["subnet-0a", "subnet-0b", "subnet-0c"]
    public_subnet_ids       = ["subnet-0d"]
    vpc_interface_endpoints = ["sts"]
    deploy_fsx_volume       = true
    model_bucket_name       = "acme-models"
    enable_model_bucket     = true
    delete_data_on_destroy  = false
    ecr_repositories        = ["vllm-runtime"]
  }

  override_data {
    target = data.aws_vpc.given[0]
    values = { cidr_block_associations = [{ association_id = "a", cidr_block = "10.1.0.0/16", state = "associated" }, { association_id = "b", cidr_block = "100.64.0.0/16", state = "associated" }] }
  }

  override_data {
    target = data.aws_subnet.private["subnet-0a"]
    values = { vpc_id = "vpc-0a", availability_zone = "us-west-2b", tags = {} }
  }

  override_data {
    target = data.aws_subnet.private["subnet-0b"]
    values = { vpc_id = "vpc-0a", availability_zone = "us-west-2a", tags = { "karpenter.sh/discovery" = "dynamo-on-eks" } }
  }

  override_data {
    target = data.aws_subnet.private["subnet-0c"]
    values = { vpc_id = "vpc-0a", availability_zone = "us-west-2b", tags = {} }
  }

  assert {
    condition     = length(aws_vpc.this) + length(aws_subnet.private) + length(aws_subnet.public) + length(aws_route_table.private) + length(aws_route_table.public) + length(aws_nat_gateway.this) + length(aws_eip.nat) + length(aws_internet_gateway.this) + length(aws_default_security_group.this) + length(aws_vpc_endpoint.s3) + length(aws_route.public_internet) == 0
    error_message = "Nothing of the network may be made."
  }

  assert {
    condition     = aws_eks_cluster.this.vpc_config[0].subnet_ids == toset(["subnet-0a", "subnet-0b", "subnet-0c"]) && aws_eks_node_group.core.subnet_ids == toset(["subnet-0a", "subnet-0b", "subnet-0c"])
    error_message = "Control plane and nodes must live in the given subnets."
  }

  assert {
    condition     = { for az, target in aws_efs_mount_target.models : az => target.subnet_id } == { us-west-2a = "subnet-0b", us-west-2b = "subnet-0a" }
    error_message = "A file system has one mount target for each zone."
  }

  assert {
    condition     = { for id, tag in aws_ec2_tag.karpenter_discovery : id => "${tag.key}=${tag.value}" } == { for id in ["subnet-0a", "subnet-0b", "subnet-0c"] : id => "karpenter.sh/discovery=dynamo-on-eks" }
    error_message = "Karpenter must find the given subnets."
  }

  assert {
    condition     = output.vpc_id == "vpc-0a" && output.private_subnet_ids == tolist(["subnet-0a", "subnet-0b", "subnet-0c"]) && output.public_subnet_ids == tolist(["subnet-0d"]) && output.availability_zones == tolist(["us-west-2a", "us-west-2b"])
    error_message = "The outputs must name the given network."
  }

  assert {
    condition     = sort(keys(aws_vpc_security_group_ingress_rule.endpoint)) == tolist(["10.1.0.0/16", "100.64.0.0/16"]) && aws_vpc_endpoint.interface["sts"].vpc_id == "vpc-0a" && aws_fsx_lustre_file_system.models[0].subnet_ids == tolist(["subnet-0b"])
    error_message = "Endpoints and Lustre must lie in the given network."
  }

  assert {
    condition     = aws_s3_bucket.models[0].bucket == "acme-models" && !aws_s3_bucket.models[0].force_destroy && !aws_ecr_repository.this["vllm-runtime"].force_delete && aws_s3_bucket.models[0].tags.KeepData == "true" && aws_ecr_repository.this["vllm-runtime"].tags.KeepData == "true"
    error_message = "Data must stay where that was asked for."
  }
}
