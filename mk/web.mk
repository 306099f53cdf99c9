# The page: TypeScript through esbuild into plain files, and those into the server.
