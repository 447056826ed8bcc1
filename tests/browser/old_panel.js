// A page's script that asks as that of VectorCraft's own panel did, and reads what it read, in its
// ways: a name that is missing is an error.
async () => {
  const ask = async (path, more) => (await fetch('/admin/api/' + path, more)).json()
  const drawn = {}

  const health = await ask('health')
  if (health.success) {
    drawn.overall = health.overall_status.status.toUpperCase() + ' ' + health.overall_status.message
    drawn.components = Object.entries(health.health_results).map(([name, found]) =>
      name.replace('_', ' ').toUpperCase() + (found.error_message ? ': ' + found.error_message : ''))
    drawn.open = health.circuit_breakers.active_circuit_breakers.length
    drawn.healthy = health.system_healthy
  }
  const alerts = await ask('alerts')
  if (alerts.success)
    drawn.badge = [
      alerts.summary.total_active, alerts.summary.critical, alerts.recent_alerts.length]

  const live = await ask('metrics/live')
  if (live.success) {
    drawn.revenue = '$' + (live.revenue_metrics.total_revenue || 0).toFixed(2)
    drawn.count = live.revenue_metrics.transaction_count
    drawn.feed = live.recent_transactions.map(one =>
      [one.transaction_id.substring(0, 8), one.status, new Date(one.created_at).getTime() > 0])
    drawn.cpu = live.system_metrics.cpu_percent
  }
  for (const timeframe of ['hourly', 'daily', 'weekly']) {
    const revenue = await ask('analytics/revenue?timeframe=' + timeframe)
    drawn[timeframe] = [revenue.labels.length, revenue.revenue_data.map(x => x.toFixed(2)).length,
      revenue.transaction_data.length, revenue.summary.total_revenue.toFixed(2)]
  }
  const users = await ask('user-activity')
  drawn.users = [users.summary.active_users_count === users.active_users.length,
    users.recent_activities.length, users.vectorization_activities.length]
  drawn.cache = Object.keys((await ask('cache/stats')).cache_stats)
  drawn.cleared = await ask('cache/clear', {
    method: 'POST', headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ type: 'all' }),
  })
  return drawn
}
