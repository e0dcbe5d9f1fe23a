module ai-on-eks.dynamo/rehearsal/tools/karpenter

go 1.26.10

require github.com/aws/karpenter-provider-aws v1.15.0

replace github.com/aws/aws-sdk-go-v2/service/timestreamwrite => github.com/aws/aws-sdk-go-v2/service/timestreamwrite v1.35.25
