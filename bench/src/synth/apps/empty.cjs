// The least that the CDK writes a template for: one stack with one resource.
const { App, CfnWaitConditionHandle, Stack } = require('aws-cdk-lib');

new CfnWaitConditionHandle(new Stack(new App(), 'Empty'), 'Nothing');
