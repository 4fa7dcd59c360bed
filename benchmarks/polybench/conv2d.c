for (int i = 0; i < H - 2; i++)
    for (int j = 0; j < W - 2; j++) {
        out[i][j] = 0.0;
        for (int a = 0; a < 3; a++)
            for (int b = 0; b < 3; b++) out[i][j] += w[a][b] * in[i + a][j + b];
    }
