// out i32 r
r = 0;
goto end;
end: r = 1;
