# plot_filter.gp - draws what `urn filter --table nile.txt --runs 32` wrote: gnuplot -e "table='nile.txt'" perf/plot_filter.gp
set terminal svg size 900,420 font "sans,12" background "white"
set output 'perf/results/filter-nile.svg'
set xlabel 'year'
set ylabel 'flow of the Nile at Aswan, 10^8 m^3'
set key top right opaque
plot table u (1871+$1):($5-$6):($5+$6) w filledcurves lc rgb '#cfe0f3' title 'particle filter, one standard deviation', \
     table u (1871+$1):2 w p pt 7 ps 0.4 lc rgb '#888888' title 'observed', \
     table u (1871+$1):5 w l lw 2 lc rgb '#1f5fa8' title 'particle filter, mean', \
     table u (1871+$1):3 w l lw 1 dt 2 lc rgb '#b03030' title 'Kalman filter, mean'
