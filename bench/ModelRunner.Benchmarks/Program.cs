using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Running;
using ModelRunner.Benchmarks;

// dotnet run -c Release --project bench/ModelRunner.Benchmarks -- --filter '*' --job short
var config = DefaultConfig.Instance
    .AddColumn(StatisticColumn.Min, new ThroughputColumn())
    .HideColumns(Column.Error, Column.StdDev, Column.Median, Column.RatioSD, Column.Gen0, Column.Gen1, Column.Gen2);
BenchmarkSwitcher.FromAssembly(typeof(ThroughputColumn).Assembly).Run(args, config);
return 0;
