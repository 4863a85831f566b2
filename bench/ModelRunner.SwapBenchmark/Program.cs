using ModelRunner.SwapBenchmark;

// dotnet run -c Release --project bench/ModelRunner.SwapBenchmark -- DAEMON STUB|LLAMA_SERVER [SECONDS] [LOAD_MS] [--llama-server]
return await SwapBenchmarkCommand.RunAsync(args);
