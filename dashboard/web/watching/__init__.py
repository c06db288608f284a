"""What Prometheus reads: `table` names every metric, `readings` gathers their values, `exposition` writes them down."""
