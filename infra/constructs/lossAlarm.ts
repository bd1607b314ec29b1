import { Alarm, CfnAlarm, ComparisonOperator, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch'
import { Stack } from 'aws-cdk-lib/core'
import { Construct } from 'constructs'
import { arn, type Names } from '../names.ts'

export interface LossAlarmProps {
  names: Names
  /** Last part of the alarm's name, e.g. `defect-credits`; also its anchor in the runbook. */
  slug: string
  metric: IMetric
  /** Raised at this value and above. */
  threshold: number
  /** Periods of the metric that must be over in a row. */
  periods?: number
  /** One sentence: what a user loses while this lasts. There is no alarm without it. */
  ifItFails: string
}

/** An alarm that says what it costs whom, and mails the alarm topic when it starts and when it is over. */
export class LossAlarm extends Construct {
  constructor(scope: Construct, id: string, props: LossAlarmProps) {
    super(scope, id)
    if (props.ifItFails.trim() === '') throw new Error(`The alarm ${props.slug} does not say what a user loses`)
    const topic = arn(Stack.of(this), 'sns', props.names.alarmTopic)
    const alarm = new Alarm(this, 'Alarm', {
      alarmName: `${props.names.prefix}-${props.slug}`,
      alarmDescription: `${props.ifItFails} Runbook: docs/runbook.md#${props.slug.replace(/-.*/, '')}`,
      metric: props.metric,
      threshold: props.threshold,
      evaluationPeriods: props.periods ?? 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      // Most of these metrics exist only when something happens: no data is good news.
      treatMissingData: TreatMissingData.NOT_BREACHING,
    })
    const resource = alarm.node.defaultChild
    if (!(resource instanceof CfnAlarm)) throw new Error('CDK makes alarms otherwise than expected')
    resource.alarmActions = [topic]
    resource.okActions = [topic]
  }
}
