using ModelRunner.SwapBenchmark;

// dotnet run -c Release --project bench/ModelRunner.SwapBenchmark -- DAEMON STUB [SECONDS] [LOAD_MS]
return await SwapBenchmarkCommand.RunAsync(args);
